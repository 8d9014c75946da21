/** A run on disk: its folder, commit log, journal and who leads it. */
export {};
