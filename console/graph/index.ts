export type { NodeFinding } from './graph-node.tsx';
export { JobGraph } from './job-graph.tsx';
export { Legend } from './legend.tsx';
export { PlanGraph } from './plan-graph.tsx';
