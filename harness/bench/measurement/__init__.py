"""The measurement of one point of a sweep.

points      the settings to try: batch size x precision x frame size x concurrency
endpoints   the endpoint of a point, deployed and deleted
measure     one point: deploy, warm up, repeat until stable, read times and memory
stability   when repeated numbers are stable; how likely an event is that was seen k times in n
stages      the stages of a frame's time
store       measured points on disk, so that a sweep can be resumed
"""
