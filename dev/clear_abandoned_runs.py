"""End the servers of killed runs, which the next run would have done."""

from dev.servers.run_folder import clear_abandoned

if __name__ == "__main__":
    clear_abandoned()
