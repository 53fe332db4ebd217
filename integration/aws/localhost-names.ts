/**
 * Loaded before a program (`node --import`): names below `localhost` are the loopback interface, as
 * RFC 6761 §6.3 wants it and not every resolver has it. So a client can be given the URL of an HTTP
 * API of the emulator, `http://API_ID.execute-api.localhost:PORT`, and sign for that host.
 */
import dns from 'node:dns';

type Lookup = (hostname: string, ...rest: readonly unknown[]) => void;

const lookup = dns.lookup as unknown as Lookup;
const lookupLoopback: Lookup = (hostname, ...rest) =>
  lookup(hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, ...rest);
Object.assign(dns, { lookup: Object.assign(lookupLoopback, lookup) });
