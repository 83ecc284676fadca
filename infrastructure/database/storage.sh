# shellcheck shell=bash
# What backup.sh and restore.sh share: where the object storage is. Sourced, not run.
: "${DATABASE_URL:?is not set: --help says what it should be}"
: "${BACKUP_BUCKET:?is not set: the name of the bucket for backups}"
: "${AWS_ENDPOINT_URL:?is not set: the https:// address of the object storage}"
: "${AWS_ACCESS_KEY_ID:?is not set: a key of the object storage}"
: "${AWS_SECRET_ACCESS_KEY:?is not set: the secret of the key}"

# Read by the scripts that source this.
# shellcheck disable=SC2034
prefix=${BACKUP_PREFIX:-sspp}

# A remote of its own, from the environment alone: no file holds a secret.
export RCLONE_CONFIG=/notfound RCLONE_CONFIG_BACKUP_TYPE=s3 RCLONE_CONFIG_BACKUP_PROVIDER=Other RCLONE_CONFIG_BACKUP_ENV_AUTH=true
export RCLONE_CONFIG_BACKUP_ENDPOINT=${AWS_ENDPOINT_URL} RCLONE_CONFIG_BACKUP_REGION=${AWS_REGION:-us-east-1}
# The key need not be able to list or make buckets.
export RCLONE_CONFIG_BACKUP_NO_CHECK_BUCKET=true RCLONE_CONFIG_BACKUP_ACL=private

# shellcheck disable=SC2034
storage=(rclone --quiet --retries 5 --low-level-retries 5) root=backup:${BACKUP_BUCKET}
