"""The rehearsal of a project.

validate    the flow of `harness validate`: bundle, local AWS, deploy, cases, checks, report
judging     the outcome of a request becomes a case of the evidence
parity      `harness check parity`: the bundle against torchvision, as a check of the evidence
"""
