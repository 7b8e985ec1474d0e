"""S3: objects, versions, multipart uploads, policies, notifications and locks."""

from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "s3",
    moto=operations(
        "GetBucketAccelerateConfiguration GetBucketReplication GetBucketWebsite "
        "ListBucketInventoryConfigurations AbortMultipartUpload CompleteMultipartUpload "
        "CopyObject CreateBucket "
        "CreateMultipartUpload DeleteBucket DeleteBucketPolicy DeleteBucketTagging "
        "DeleteObject DeleteObjectTagging DeleteObjects GetBucketLocation "
        "GetBucketNotification GetBucketNotificationConfiguration GetBucketPolicy "
        "GetBucketPolicyStatus GetBucketTagging GetBucketVersioning GetObject "
        "GetObjectAttributes GetObjectLegalHold GetObjectLockConfiguration "
        "GetObjectRetention GetObjectTagging HeadBucket HeadObject ListBuckets "
        "ListMultipartUploads ListObjectVersions ListObjects ListObjectsV2 ListParts "
        "PutBucketNotification PutBucketNotificationConfiguration PutBucketPolicy "
        "PutBucketTagging PutBucketVersioning PutObject PutObjectLegalHold "
        "PutObjectLockConfiguration PutObjectRetention PutObjectTagging "
        "SelectObjectContent UploadPart UploadPartCopy"
    ),
    kept=operations(
        "DeleteBucketCors DeleteBucketEncryption DeleteBucketLifecycle "
        "DeleteBucketOwnershipControls DeletePublicAccessBlock GetBucketAcl GetBucketCors "
        "GetBucketEncryption GetBucketLifecycle GetBucketLifecycleConfiguration "
        "GetBucketLogging GetBucketOwnershipControls GetObjectAcl GetPublicAccessBlock "
        "PutBucketAcl PutBucketCors PutBucketEncryption PutBucketLifecycle "
        "PutBucketLifecycleConfiguration PutBucketLogging PutBucketOwnershipControls "
        "PutObjectAcl PutPublicAccessBlock"
    ),
    refused={
        "PutBucketReplication": "no object would be copied",
        "PutBucketWebsite": "no website endpoint serves a bucket",
        "RestoreObject": "storage classes are not real, every object can be read",
        "PutBucketInventoryConfiguration": "no inventory is written",
    },
)
