"""Warnings as they are broadcast: NOTAMs and NAVAREA, HYDROPAC and HYDROLANT messages, read into notices of launches."""
