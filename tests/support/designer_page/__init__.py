"""The designer's page in a real, headless Chromium: Debian's, driven by Playwright."""
