# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real S3 servers on loopback that are not AWS.

    with Minio() as minio:
        minio.client().create_bucket(Bucket="recordings")

`python -m stand_ins.s3 NAME [REGION]` starts one, prints its place as JSON and stops when stdin closes.
"""
