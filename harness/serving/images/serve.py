#!/opt/rehearsal/bin/python
"""`serve`, as SageMaker runs it in the image: the toolkit's own start, nothing of ours around it."""

from sagemaker_pytorch_serving_container import serving

serving.main()
