"""The rehearsal of a project.

validate    the flow of `harness validate`: bundle, local AWS, deploy, cases, checks, report
planning    which cases there are, and whether the project's own model or a companion answers each
serving     the endpoints of a run: the project's own, and the companion that knows the known answer
sending     one case: its request, its outcome, its judgement, or why there is none
answered    an answer as a golden
drawable    the answers of a detector as frames to draw
judging     turns the outcome of a request into a case of the evidence; `expected` those of cases with an expectation
recording   the record that both fill in
golden/     the flows of `harness golden`
parity      `harness check parity`: compares the bundle with torchvision, as a check of the evidence
"""
