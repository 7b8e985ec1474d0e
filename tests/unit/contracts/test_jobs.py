"""The table of jobs."""

from modelwharf.contracts.jobs import BUILD, ENDPOINT, EVENTS, TRAINING, TYPES


def test_each_event_and_each_rule_stands_once() -> None:
    assert len({event.detail_type for event in EVENTS}) == len(EVENTS)
    assert len({event.rule for event in EVENTS}) == len(EVENTS)


def test_what_counts_of_a_status_is_reported_with_its_field() -> None:
    assert all(bool(event.status) == bool(event.ends) for event in EVENTS)


def test_an_endpoint_s_event_moves_its_update_and_every_way_back() -> None:
    heard = {kind.name for kind in TYPES.values() if kind.event == ENDPOINT.event}
    assert heard == {"endpoint", "rollback", "stopped"}


def test_keys_and_logs_are_those_of_the_services() -> None:
    assert BUILD.key("modelwharf/oil/training", "src-1") == "build/modelwharf/oil/training/src-1"
    assert ENDPOINT.log_group("oil-price") == "/aws/sagemaker/Endpoints/oil-price"
    assert TRAINING.log_group() == "/aws/sagemaker/TrainingJobs"
