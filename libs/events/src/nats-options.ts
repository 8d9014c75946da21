/** How this process reaches NATS, from the command line and the environment. */

/** How to connect. Files are read when the connection is made, and again when it is made anew. */
export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, at least one. */
  readonly servers: readonly string[];
  /** Name of the cluster: runs of different clusters do not see each other. `[a-z0-9-]{1,40}`, default `main`. */
  readonly cluster: string;
  readonly user?: string;
  readonly password?: string;
  /** A file with the password. */
  readonly passwordFile?: string;
  /** A credentials file: a JWT and an nkey seed. */
  readonly credsFile?: string;
  /** A file with an nkey seed. */
  readonly nkeyFile?: string;
  /** PEM files for TLS: who is trusted, and who this is. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Where answers come to; default `_INBOX`. A role of its own prefix hears no other's answers (GEODESIC_NATS_INBOX, docs/nats.md). */
  readonly inboxPrefix?: string;
  /** Copies of every stream, 1 to 5; default 1. */
  readonly replicas: number;
}
