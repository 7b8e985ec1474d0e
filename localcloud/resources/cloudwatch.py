"""CloudWatch: alarms and dashboards."""

from localcloud.resources.resource import Created, Properties, Resource, names


class Alarm(Resource):
    type = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    properties = names(
        "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator "
        "DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationPeriods "
        "ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Period "
        "Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit"
    )
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        cls.client("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": name})
        return Created(name, {"Arn": cls.cloud.arn("cloudwatch", f"alarm:{name}")})


class Dashboard(Resource):
    type = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"
    properties = frozenset({"DashboardBody", "DashboardName"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        cls.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=properties["DashboardBody"]
        )
        return Created(name)


TYPES = (Alarm, Dashboard)
