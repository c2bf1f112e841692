# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers on loopback for the demo and the tests, each a child process that ends with its parent.

ams      simulated Ant Media Servers        real_ams  a real one
aws      simulated S3, IAM, CloudFront      s3        real S3 that is not AWS: Ceph, MinIO, VersityGW
awx      the API of AWX, and its jobs       ssh       an OpenSSH server

Nothing here imports the tests. Tests of the stand-ins are in stand_ins/tests.
"""
