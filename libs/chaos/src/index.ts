/** Faults on purpose: a simulated cluster, a proxy that breaks connections, and schedules of what is broken when. */
export {};
