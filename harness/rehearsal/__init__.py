"""The rehearsal of a project.

validate    the flow of `harness validate`: bundle, local AWS, deploy, cases, checks, report
judging     turns the outcome of a request into a case of the evidence
parity      `harness check parity`: compares the bundle with torchvision, as a check of the evidence
"""
