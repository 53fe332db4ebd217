"""Properties of resources that MiniStack's CloudFormation drops or misreads."""

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners


def apply():
    for kind in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = with_time_to_live(handlers["create"])
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    for operation in ("create", "update"):
        if handlers.get(operation):
            handlers[operation] = with_lower_cors(handlers[operation])


def with_time_to_live(create):
    """TimeToLiveSpecification is dropped at creation."""

    def create_with_time_to_live(logical_id, properties, stack_name):
        result = create(logical_id, properties, stack_name)
        wanted = properties.get("TimeToLiveSpecification")
        if wanted:
            specification = {
                "Enabled": str(wanted.get("Enabled")).lower() == "true",
                "AttributeName": wanted.get("AttributeName", ""),
            }
            dynamodb._update_ttl(
                {"TableName": result[0], "TimeToLiveSpecification": specification}
            )
        return result

    return create_with_time_to_live


def with_lower_cors(operation):
    """CorsConfiguration comes in the template's case, AllowMethods; the API keeps allowMethods."""

    def lowered(argument):
        cors = argument.get("CorsConfiguration") if isinstance(argument, dict) else None
        if not isinstance(cors, dict):
            return argument
        return {
            **argument,
            "CorsConfiguration": {key[:1].lower() + key[1:]: cors[key] for key in cors},
        }

    def operation_with_lower_cors(*arguments, **named):
        return operation(*[lowered(argument) for argument in arguments], **named)

    return operation_with_lower_cors
