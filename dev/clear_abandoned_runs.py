"""End the servers of killed runs without waiting for the next run to do it."""

from dev.servers.run_folder import clear_abandoned

if __name__ == "__main__":
    clear_abandoned()
