"""The load of a benchmark: what is sent, when, and what its answers are counted as.

requests    the requests to send: the project's good cases, those chosen, or a clip; those that the mode cannot take
reading     an answer in figures: its items, and what is wrong with it
shapes      when requests are sent: by so many clients, or at times that do not wait for the answers
senders     the threads that send one repeat, and the time of each request from when it should have been sent
"""
