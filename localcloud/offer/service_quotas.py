"""Service Quotas: what the account may have at once, told and enforced."""

from localcloud.offer.service import Service, operations

SERVICE = Service(
    "service-quotas",
    target="ServiceQuotasV20190624",
    signing_name="servicequotas",
    ours=operations(
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease"
    ),
)
