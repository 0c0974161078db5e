"""Reading a list from S3. Credentials, region and endpoint are boto3's own settings."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from lists.errors import ListError

_MENDS = {
    "NoSuchBucket": "there is no such bucket: check its name and region",
    "NoSuchKey": "there is no such object: check the key",
    "404": "there is no such object: check the bucket and the key",
    "AccessDenied": "access is denied: the credentials need s3:GetObject on it",
    "403": "access is denied: the credentials need s3:GetObject on it",
    "InvalidAccessKeyId": "the access key is unknown: check the AWS credentials",
    "SignatureDoesNotMatch": "the secret key is wrong: check the AWS credentials",
    "ExpiredToken": "the credentials have expired: renew them",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION to it",
    "InvalidObjectState": "the object is archived: restore it first",
}


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """Open the object behind `s3://bucket/key` for reading, or raise ListError saying what to check."""
    parts = urlsplit(url, allow_fragments=False)
    # A key may hold a question mark, which urlsplit takes for the start of a query.
    key = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    if not parts.netloc or not key:
        raise ListError(f"{url} is no S3 object: write s3://bucket/key.")
    try:
        answer = boto3.client("s3").get_object(Bucket=parts.netloc, Key=key)
        with closing(answer["Body"]) as body:
            yield body
    except ClientError as err:
        code = err.response.get("Error", {}).get("Code", "")
        mend = _MENDS.get(code, f"S3 answered {code or 'an error'}: try again, or check the bucket's policy")
        raise ListError(f"{url}: {mend}.") from err
    except ParamValidationError as err:
        raise ListError(f"{url} is no S3 object: check the bucket's name.") from err
    except NoCredentialsError as err:
        raise ListError(f"{url}: no AWS credentials were found; set them as boto3 expects.") from err
    except BotoCoreError as err:
        raise ListError(
            f"{url}: S3 cannot be reached ({type(err).__name__}): check region and network."
        ) from err
