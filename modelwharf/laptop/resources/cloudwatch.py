"""CloudWatch: alarms and dashboards."""

from modelwharf.laptop.resources.resource import Created, Properties, Resource, gone, names


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

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        self.client("cloudwatch").delete_alarms(AlarmNames=[self.created.ref])


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

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        with gone("ResourceNotFound", "DashboardNotFoundError"):
            self.client("cloudwatch").delete_dashboards(DashboardNames=[self.created.ref])


TYPES = (Alarm, Dashboard)
