"""The flows of `harness golden`, on the same endpoint and with the same requests as `harness validate`.

cases       which cases of the project are meant
asking      deploys, and sends them: bundle, local AWS, deploy, requests
record      writes what the endpoint answers now
check       holds what it answers against what was recorded
show        what was recorded, and another answer beside it; starts nothing
lines       an answer as lines of text
picture     both answers as pictures
"""
