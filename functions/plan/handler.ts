import { notDeployed } from '../not-deployed/index.ts';

/** The place of the function; see ADR 10 for what it will do. */
export const handler = notDeployed('plan');
