"""The measurement of one point of a sweep.

points      the settings to try: variables of the environment x requests at once
endpoints   the endpoint of a point, deployed and deleted
crowd       many requests that wait at once, without many polls
measure     one point: deploy, warm up, repeat until stable, read times and memory
tally       what was seen of a point: rates, times, items, failures by cause
stability   when repeated numbers are stable; how likely an event is that was seen k times in n
stages      the stages of a request's time
store       measured points on disk, so that a sweep can be resumed
"""
