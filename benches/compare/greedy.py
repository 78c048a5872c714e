"""The greedy plan alone, that the others are given to start from."""

import planning

if __name__ == "__main__":
    planning.main(lambda problem, time_left, workers: problem.greedy())
