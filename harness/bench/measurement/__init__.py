"""One point of a sweep, measured.

points      which settings are tried: batch size x precision x frame size x concurrency
endpoints   the endpoint of a point, deployed and deleted
measure     one point: deploy, warm up, repeat until stable, read times and memory
stability   when repeated numbers may be believed; how likely what was seen k times in n is
stages      where the time of a frame goes
store       measured points on disk, so that a sweep can be resumed
"""
