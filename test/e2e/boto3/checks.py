"""What boto3, unmodified, does with a Satchel server.

Reads where the server is as JSON from standard input and prints a JSON object from the name of each check to "ok" or
what went wrong. Run by other-clients.spec.ts.
"""

import datetime
import json
import sys
import traceback

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

GIVEN = json.load(sys.stdin)
AT = dict(endpoint_url=GIVEN["url"], region_name="us-east-1")
ADMIN = dict(aws_access_key_id=GIVEN["accessKeyId"], aws_secret_access_key=GIVEN["secretAccessKey"])
ROLES = GIVEN["roles"]

CHECKS = {}


def check(named):
    def register(function):
        CHECKS[named] = function
        return function

    return register


def admin(service):
    return boto3.client(service, **AT, **ADMIN)


def unsigned(service):
    return boto3.client(service, **AT, config=Config(signature_version=botocore.UNSIGNED))


def a_pool(**over):
    identity = admin("cognito-identity")
    settings = dict(IdentityPoolName="boto3", AllowUnauthenticatedIdentities=True, DeveloperProviderName="login.test")
    pool = identity.create_identity_pool(**{**settings, **over})["IdentityPoolId"]
    identity.set_identity_pool_roles(IdentityPoolId=pool, Roles=ROLES)
    return pool


def a_guest(pool):
    identity = unsigned("cognito-identity")
    guest = identity.get_id(IdentityPoolId=pool)["IdentityId"]
    given = identity.get_credentials_for_identity(IdentityId=guest)["Credentials"]
    return guest, sync_with(given, "SecretKey")


def sync_with(given, secret):
    return boto3.client(
        "cognito-sync",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given[secret],
        aws_session_token=given["SessionToken"],
        **AT,
    )


def write(sync, path, *patches):
    token = sync.list_records(**path)["SyncSessionToken"]
    return sync.update_records(**path, SyncSessionToken=token, RecordPatches=list(patches))["Records"]


def put(key, value, count=0):
    return dict(Op="replace", Key=key, Value=value, SyncCount=count)


def refused(call, code, status, message):
    try:
        call()
    except ClientError as fault:
        seen = (fault.response["Error"]["Code"], fault.response["ResponseMetadata"]["HTTPStatusCode"])
        assert seen == (code, status), seen
        assert message in fault.response["Error"]["Message"], fault.response["Error"]["Message"]
        assert fault.response["ResponseMetadata"]["RequestId"], fault.response
        return
    raise AssertionError("the call was not refused")


@check("a guest writes, lists, removes and deletes")
def roundtrip():
    pool = a_pool()
    guest, sync = a_guest(pool)
    path = dict(IdentityPoolId=pool, IdentityId=guest, DatasetName="a.b:c")
    words = {"ar": "العربية", "ja": "日本語", "emoji": "👩‍👩‍👧", "empty": "", "__proto__": "x"}
    written = write(sync, path, *[put(key, value) for key, value in words.items()])
    assert {record["SyncCount"] for record in written} == {1}, written
    listed = sync.list_records(**path)
    assert {record["Key"]: record["Value"] for record in listed["Records"]} == words, listed
    assert listed["DatasetSyncCount"] == 1 and listed["DatasetExists"] is True, listed
    age = datetime.datetime.now(datetime.timezone.utc) - listed["Records"][0]["LastModifiedDate"]
    assert abs(age.total_seconds()) < 120, age
    removed = write(sync, path, dict(Op="remove", Key="ar", SyncCount=1))
    assert removed[0]["SyncCount"] == 2 and "Value" not in removed[0], removed
    storage = sum(len(key.encode()) + len(value.encode()) for key, value in words.items() if key != "ar")
    dataset = sync.describe_dataset(**path)["Dataset"]
    assert (dataset["NumRecords"], dataset["DataStorage"]) == (4, storage), dataset
    mine = dict(IdentityPoolId=pool, IdentityId=guest)
    assert sync.list_datasets(**mine)["Datasets"] == [dataset]
    usage = sync.describe_identity_usage(**mine)["IdentityUsage"]
    assert (usage["DatasetCount"], usage["DataStorage"]) == (1, storage), usage
    assert sync.delete_dataset(**path)["Dataset"]["DatasetName"] == "a.b:c"
    assert sync.list_records(**path, LastSyncCount=1)["DatasetDeletedAfterRequestedSyncCount"] is True


@check("errors have code, status and text")
def errors():
    pool = a_pool()
    guest, sync = a_guest(pool)
    path = dict(IdentityPoolId=pool, IdentityId=guest, DatasetName="settings")
    refused(lambda: sync.describe_dataset(**path), "ResourceNotFoundException", 404, "'settings' not found")
    stale = lambda: write(sync, path, put("a", "1", 7))
    refused(stale, "ResourceConflictException", 409, "Current SyncCount for: a is: 0 not: 7")
    long = lambda: write(sync, path, put("a" * 1025, "1"))
    refused(long, "InvalidParameterException", 400, "'recordPatches.1.member.key'")
    many = lambda: write(sync, path, *[put(str(n), "") for n in range(1025)])
    refused(many, "LimitExceededException", 400, "1025 records")
    other = dict(path, IdentityId=pool)
    refused(lambda: sync.list_records(**other), "NotAuthorizedException", 403, "These credentials are not valid")
    device = lambda: sync.register_device(IdentityPoolId=pool, IdentityId=guest, Platform="GCM", Token="t")
    refused(device, "InvalidConfigurationException", 400, "not set up")


@check("the account asks for usage and keeps settings")
def account():
    pool = a_pool()
    guest, sync = a_guest(pool)
    write(sync, dict(IdentityPoolId=pool, IdentityId=guest, DatasetName="d"), put("key", "value"))
    owner = admin("cognito-sync")
    usage = owner.describe_identity_pool_usage(IdentityPoolId=pool)["IdentityPoolUsage"]
    assert (usage["DataStorage"], usage["SyncSessionsCount"]) == (8, 1), usage
    pools, token = [], {}
    while True:
        page = owner.list_identity_pool_usage(MaxResults=2, **token)
        pools += [each["IdentityPoolId"] for each in page["IdentityPoolUsages"]]
        if not page.get("NextToken"):
            break
        token = dict(NextToken=page["NextToken"])
    assert pool in pools and len(pools) == len(set(pools)), pools
    owner.set_cognito_events(IdentityPoolId=pool, Events={"SyncTrigger": "arn:aws:lambda:us-east-1:000000000000:function:f"})
    assert list(owner.get_cognito_events(IdentityPoolId=pool)["Events"]) == ["SyncTrigger"]
    push = dict(ApplicationArns=["arn:aws:sns:us-east-1:000000000000:app/GCM/a"], RoleArn=ROLES["authenticated"])
    owner.set_identity_pool_configuration(IdentityPoolId=pool, PushSync=push)
    assert owner.get_identity_pool_configuration(IdentityPoolId=pool)["PushSync"] == push


@check("the basic flow goes through STS")
def basic():
    pool = a_pool(AllowClassicFlow=True)
    identity = unsigned("cognito-identity")
    guest = identity.get_id(IdentityPoolId=pool)["IdentityId"]
    token = identity.get_open_id_token(IdentityId=guest)["Token"]
    assumed = unsigned("sts").assume_role_with_web_identity(
        RoleArn=ROLES["unauthenticated"], RoleSessionName="python", WebIdentityToken=token
    )
    assert assumed["SubjectFromWebIdentityToken"] == guest, assumed
    sync = sync_with(assumed["Credentials"], "SecretAccessKey")
    assert write(sync, dict(IdentityPoolId=pool, IdentityId=guest, DatasetName="d"), put("a", "1"))[0]["Value"] == "1"
    assert admin("sts").get_caller_identity()["Account"] == "000000000000"


@check("a backend signs in its users")
def developer():
    pool = a_pool()
    owner = admin("cognito-identity")
    given = owner.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins={"login.test": "guido"})
    logins = {"cognito-identity.amazonaws.com": given["Token"]}
    credentials = unsigned("cognito-identity").get_credentials_for_identity(IdentityId=given["IdentityId"], Logins=logins)
    sync = sync_with(credentials["Credentials"], "SecretKey")
    path = dict(IdentityPoolId=pool, IdentityId=given["IdentityId"], DatasetName="d")
    assert write(sync, path, put("a", "1"))[0]["LastModifiedBy"] == given["IdentityId"]
    found = owner.lookup_developer_identity(IdentityPoolId=pool, DeveloperUserIdentifier="guido")
    assert found["IdentityId"] == given["IdentityId"], found
    owner.delete_identities(IdentityIdsToDelete=[given["IdentityId"]])
    refused(lambda: sync.list_records(**path), "NotAuthorizedException", 403, "is forbidden")


def outcome(function):
    try:
        function()
        return "ok"
    except Exception:
        return traceback.format_exc()


print(json.dumps({named: outcome(function) for named, function in CHECKS.items()}))
