"""The known answer: a clip whose truth is known to the pixel, and a small detector that must find it.

`scene` says what moves where; `drawing` turns a scene into pixels, boxes and masks; `make_clip` writes the clip and its
truth; `train` writes the weights. The results are kept in `known_answer/` and come with the package;
`harness.cases.known_answer` names them. A rehearsal reads the
results and needs none of these modules.
"""
