"""CloudWatch: metrics, metric alarms that are judged and notify topics, dashboards."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

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
    action_prefix="cloudwatch",
    one_at_a_time=True,
    permissions={
        **each(
            named("cloudwatch", "alarm:", "AlarmNames", "AlarmName"),
            "DescribeAlarms SetAlarmState PutMetricAlarm DeleteAlarms",
        ),
        **each(
            any_resource,
            "PutMetricData GetMetricData GetMetricStatistics ListMetrics "
            "GetDashboard ListDashboards DescribeAlarmsForMetric",
        ),
    },
)
