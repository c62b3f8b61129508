"""What a browser meets under the login address: sign-in, admin consent, authorize and sign-out."""
