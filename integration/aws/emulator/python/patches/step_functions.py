"""Gaps of Step Functions that change what a JSONata workflow does."""

import copy
import json
import threading

from ministack.core import iam_actions
from ministack.services import stepfunctions

_original = {
    "task": stepfunctions._execute_task,
    "callback": stepfunctions._invoke_with_callback,
    "resource_arn": iam_actions.extract_resource_arn,
    "parallel": stepfunctions._run_parallel_branches,
    "sub_machine": stepfunctions._run_sub_machine,
    "fail": stepfunctions._fail_execution,
    "start": stepfunctions._start_execution,
    "call_lambda": stepfunctions._call_lambda,
}


def apply():
    stepfunctions._run_parallel_branches = run_parallel
    stepfunctions._run_sub_machine = run_sub_machine
    stepfunctions._fail_execution = fail_running_execution
    stepfunctions._start_execution = start_execution
    stepfunctions._call_lambda = call_lambda
    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_with_callback = invoke_with_callback
    iam_actions.extract_resource_arn = resource_arn


class BranchStates(dict):
    """The states of a branch, which runs with its own copy of the context and variables."""


class RunningStates(dict):
    """The states of a branch or of a Map's iteration, as each is looked up to be entered.

    None is entered once the execution has ended (StopExecution), and each is in the history, where
    the transitions are counted that a Standard workflow is billed for.
    """

    def __init__(self, states, execution):
        super().__init__(states)
        self._execution = execution

    def get(self, name, default=None):
        if self._execution.get("status") != "RUNNING":
            raise stepfunctions._ExecutionError("States.Aborted", "execution stopped")
        state = super().get(name, default)
        if state:
            stepfunctions._add_event(
                self._execution,
                f"{state.get('Type')}StateEntered",
                {"stateEnteredEventDetails": {"name": name}},
            )
        return state


def run_parallel(state, raw_input, execution, context):
    """Arguments, Output and Assign of a JSONata Parallel belong to the state, not to its branches."""
    if stepfunctions._state_query_language(state, context) != "JSONata":
        return _original["parallel"](state, raw_input, execution, context)
    arguments = stepfunctions._apply_jsonata_arguments(state, raw_input, context)
    bare = {key: state[key] for key in ("Type", "Next", "End", "QueryLanguage") if key in state}
    bare["Branches"] = [
        {"StartAt": branch["StartAt"], "States": BranchStates(branch["States"])}
        for branch in state.get("Branches", [])
    ]
    results, following = _original["parallel"](bare, arguments, execution, context)
    output = stepfunctions._apply_jsonata_output(
        state, raw_input, context, result=results, default=results
    )
    stepfunctions._apply_state_assign(state, raw_input, context, result=results)
    return output, following


def run_sub_machine(states, start_at, input_data, execution, context):
    own_context = copy.deepcopy(context) if isinstance(states, BranchStates) else context
    running = RunningStates(states, execution)
    return _original["sub_machine"](running, start_at, input_data, execution, own_context)


def fail_running_execution(execution, error, cause):
    """An execution that was stopped stays ABORTED."""
    if execution.get("status") == "RUNNING":
        _original["fail"](execution, error, cause)


def call_lambda(func_ref, event):
    """What is refused for want of concurrency has a name, by which a state retries it."""
    try:
        return _original["call_lambda"](func_ref, event)
    except stepfunctions._ExecutionError as refused:
        if '"TooManyRequestsException"' not in str(refused.cause):
            raise
        raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", refused.cause)


def start_execution(data):
    """StartExecution with the name and the input of a running execution answers that one."""
    response = _original["start"](data)
    status, body = response[0], response[2]
    text = body.decode() if isinstance(body, bytes) else str(body)
    if status != 400 or "ExecutionAlreadyExists" not in text:
        return response
    machine = data["stateMachineArn"].replace(":stateMachine:", ":execution:")
    execution = stepfunctions._executions.get(f"{machine}:{data.get('name', '')}")
    if execution is None or execution.get("status") != "RUNNING":
        return response
    if json.loads(execution["input"]) != json.loads(data.get("input", "{}")):
        return response
    return stepfunctions.json_response(
        {"executionArn": execution["executionArn"], "startDate": execution["startDate"]}
    )


# A task token belongs to a state machine, and that is the resource of SendTaskSuccess and the like;
# also of a token that is over, for which the answer is then that it has timed out.
_current = threading.local()
_machine_of_token = {}


def execute_task(state, raw_input, execution, context):
    _current.execution = execution
    return _original["task"](state, raw_input, execution, context)


def invoke_with_callback(resource, input_data, token, state):
    _machine_of_token[token] = _current.execution["stateMachineArn"]
    return _original["callback"](resource, input_data, token, state)


def resource_arn(service, method, path, headers, body, query, region, account_id):
    if service == "states":
        machine = _machine_of_token.get(iam_actions._safe_json_field(body, "taskToken"))
        if machine:
            return machine
    return _original["resource_arn"](
        service, method, path, headers, body, query, region, account_id
    )
