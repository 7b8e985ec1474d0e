"""CloudWatch: metrics, metric alarms that are judged and notify topics, dashboards."""

from modelwharf.laptop.offer.service import Service, operations

SERVICE = Service(
    "cloudwatch",
    target="GraniteServiceVersion20100801",
    signing_name="monitoring",
    ours=operations("PutMetricAlarm SetAlarmState"),
    moto=operations(
        "DeleteAlarms DescribeAlarms DescribeAlarmsForMetric DisableAlarmActions "
        "EnableAlarmActions GetMetricData GetMetricStatistics ListMetrics ListTagsForResource "
        "PutMetricData TagResource UntagResource"
    ),
    kept=operations("DeleteDashboards GetDashboard ListDashboards PutDashboard"),
    empty=operations("DescribeAnomalyDetectors DescribeInsightRules ListMetricStreams"),
    refused={
        "PutInsightRule": "no log is analysed; use FilterLogEvents",
        "PutCompositeAlarm": "only metric alarms are judged; use PutMetricAlarm",
    },
)
