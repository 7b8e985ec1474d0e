"""Service Quotas: how many resources the account may have at once, shown and enforced."""

from modelwharf.laptop.offer.service import Service, operations

SERVICE = Service(
    "service-quotas",
    target="ServiceQuotasV20190624",
    signing_name="servicequotas",
    ours=operations(
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease"
    ),
)
