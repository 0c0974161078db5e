"""Reading a list from S3. Credentials, region and endpoint are boto3's own settings."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
)

from lists.errors import ListError

_MENDS = {
    "NoSuchBucket": "there is no such bucket: check its name and region",
    "NoSuchKey": "there is no such object: check the key",
    "404": "there is no such object: check the bucket and the key",
    "AccessDenied": "access is denied: the credentials need {needs} on it",
    "403": "access is denied: the credentials need {needs} on it",
    "InvalidAccessKeyId": "the access key is unknown: check the AWS credentials",
    "SignatureDoesNotMatch": "the secret key is wrong: check the AWS credentials",
    "ExpiredToken": "the credentials have expired: renew them",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION to it",
    "InvalidObjectState": "the object is archived: restore it first",
}


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """Open the object behind `s3://bucket/key` for reading, or raise ListError saying what to check."""
    bucket, key = _bucket_and_key(url)
    if not bucket or not key:
        raise ListError(f"{url} is no S3 object: write s3://bucket/key.")
    with (
        _in_one_sentence(url),
        closing(_client().get_object(Bucket=bucket, Key=key)["Body"]) as body,
    ):
        yield body


def inside(url: str) -> list[tuple[str, int]]:
    """Return the objects inside the folder `s3://bucket/folder/`, each with its bytes, by their names.

    Raises ListError saying what to check.
    """
    bucket, prefix = _bucket_and_key(url)
    if not bucket:
        raise ListError(f"{url} is no S3 folder: write s3://bucket/folder/.")
    with _in_one_sentence(url, needs="s3:ListBucket"):
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = [each for page in pages for each in page.get("Contents", [])]
    # A folder that somebody made in the console is an object of its own, of no bytes.
    return sorted((f"s3://{bucket}/{each['Key']}", each["Size"]) for each in found if each["Size"])


def _bucket_and_key(url: str) -> tuple[str, str]:
    # As the AWS CLI does: a key is no path of a URL. It may begin with a slash and hold `?`, `#` or a blank.
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


@contextmanager
def _in_one_sentence(url: str, needs: str = "s3:GetObject") -> Iterator[None]:
    try:
        yield
    except ClientError as err:
        code = err.response.get("Error", {}).get("Code", "")
        mend = _MENDS.get(code, f"S3 answered {code or 'an error'}: try again, or check the bucket's policy")
        raise ListError(f"{url}: {mend.format(needs=needs)}.") from err
    except ParamValidationError as err:
        raise ListError(f"{url} is no S3 object: check the bucket's name.") from err
    except NoCredentialsError as err:
        raise ListError(f"{url}: no AWS credentials were found; set them as boto3 expects.") from err
    except NoRegionError as err:
        raise ListError(f"{url}: no AWS region is set: set AWS_DEFAULT_REGION to the bucket's.") from err
    except BotoCoreError as err:
        raise ListError(
            f"{url}: S3 cannot be reached ({type(err).__name__}): check region and network."
        ) from err


def _client() -> Any:
    try:
        return boto3.client("s3")
    # boto3 raises a plain ValueError for an endpoint that is no address.
    except ValueError as err:
        raise ListError("AWS_ENDPOINT_URL is no address: write https://HOST, or leave it out.") from err
