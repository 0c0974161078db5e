import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from lists import s3, sources
from lists.errors import ListError


@pytest.fixture(autouse=True)
def bucket(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="lists")
        client.put_object(Bucket="lists", Key="a folder/spring?.csv", Body=b"email\na@shop.example\n")
        yield client


def test_a_list_is_read_from_s3():
    source = sources.read("s3://lists/a folder/spring?.csv")
    assert source.table.to_pylist() == [{"email": "a@shop.example"}]
    assert source.source == "s3://lists/a folder/spring?.csv"


@pytest.mark.parametrize(
    "key",
    ["list.csv", "/list.csv", "//list.csv", "/", "a//b/", "list.csv?", "a?b#c", " list.csv ", "ä %2F+.csv"],
)
def test_a_key_is_what_stands_after_the_bucket_to_the_letter(key, bucket):
    for each in (
        "list.csv",
        "/list.csv",
        "//list.csv",
        "/",
        "a//b/",
        "list.csv?",
        "a?b#c",
        " list.csv ",
        "ä %2F+.csv",
    ):
        bucket.put_object(Bucket="lists", Key=each, Body=f"email\n{len(each)}\n{each}".encode())
    with s3.opened(f"s3://lists/{key}") as body:
        assert body.read().decode().endswith(f"\n{key}")


def test_a_folder_may_begin_with_a_slash(bucket):
    bucket.put_object(Bucket="lists", Key="/in/a.csv", Body=b"email\n")
    bucket.put_object(Bucket="lists", Key="in/b.csv", Body=b"email\n")
    assert s3.inside("s3://lists//in/") == [("s3://lists//in/a.csv", 6)]


def test_an_endpoint_that_is_no_address_is_named(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(ListError, match="AWS_ENDPOINT_URL is no address"), s3.opened("s3://lists/list.csv"):
        pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://lists/none.csv", "no such object: check the key"),
        ("s3://nowhere/list.csv", "no such bucket"),
        ("s3://lists", "write s3://bucket/key"),
        ("s3:///list.csv", "write s3://bucket/key"),
        ("s3://a b/list.csv", "check the bucket's name"),
    ],
)
def test_what_s3_refuses_becomes_one_sentence_with_the_url(url, message):
    with pytest.raises(ListError, match=message) as raised, s3.opened(url):
        pass
    assert str(raised.value).startswith(url)


def test_missing_credentials_are_named(monkeypatch):
    class Client:
        def get_object(self, **_):
            raise NoCredentialsError

    monkeypatch.setattr(s3.boto3, "client", lambda service: Client())
    with pytest.raises(ListError, match="no AWS credentials were found"), s3.opened("s3://lists/list.csv"):
        pass


def test_an_endpoint_that_does_not_answer_is_named(monkeypatch, bucket):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(bucket, "get_object", unreachable)
    monkeypatch.setattr(s3.boto3, "client", lambda service: bucket)
    with (
        pytest.raises(ListError, match=r"S3 cannot be reached \(EndpointConnectionError\)"),
        s3.opened("s3://lists/list.csv"),
    ):
        pass


def test_a_folder_is_its_objects_by_name_without_the_empty_ones(bucket):
    for key, body in (("in/b.csv", b"email\nb@shop.example\n"), ("in/", b""), ("in/a.csv", b"email\n")):
        bucket.put_object(Bucket="lists", Key=key, Body=body)
    assert s3.inside("s3://lists/in/") == [("s3://lists/in/a.csv", 6), ("s3://lists/in/b.csv", 21)]
    assert s3.inside("s3://lists/none/") == []
    with pytest.raises(ListError, match="no such bucket"):
        s3.inside("s3://nowhere/in/")
