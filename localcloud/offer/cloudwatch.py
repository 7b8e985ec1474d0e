"""CloudWatch: metrics, alarms as they are set, dashboards."""

from localcloud.offer.service import Service, operations

SERVICE = Service(
    "cloudwatch",
    target="GraniteServiceVersion20100801",
    signing_name="monitoring",
    moto=operations(
        "DeleteAlarms DescribeAlarms DescribeAlarmsForMetric GetMetricData "
        "GetMetricStatistics ListMetrics ListTagsForResource PutMetricData SetAlarmState "
        "TagResource UntagResource"
    ),
    kept=operations(
        "DeleteDashboards DisableAlarmActions EnableAlarmActions GetDashboard "
        "ListDashboards PutDashboard PutMetricAlarm"
    ),
    empty=operations("DescribeAnomalyDetectors DescribeInsightRules ListMetricStreams"),
    refused={
        "PutInsightRule": "no log is analysed; use FilterLogEvents",
        "PutCompositeAlarm": "alarms are not evaluated; set one with SetAlarmState",
    },
)
