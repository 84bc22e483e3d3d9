"""What the user wrote in fleet-config.yaml and .secrets.yaml."""
