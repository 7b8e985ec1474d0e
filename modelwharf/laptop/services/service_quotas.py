"""Service Quotas: how many resources the account may have at once, shown and enforced."""

from modelwharf.laptop import service_quotas
from modelwharf.laptop.services.call_resources import any_resource, each
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "service-quotas",
    target="ServiceQuotasV20190624",
    signing_name="servicequotas",
    ours=operations(
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease"
    ),
    install=service_quotas.install,
    permissions=each(
        any_resource,
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease",
    ),
)
