export { CodeLine, CopyButton } from './copy-button.tsx';
export { type Column, DataTable, type Sorting } from './data-table.tsx';
export {
  agoText,
  coresText,
  countText,
  durationText,
  percentText,
  plural,
  rateText,
  sizeText,
  timeText,
  watermarkText,
} from './format.ts';
export { Icon, type IconName } from './icon.tsx';
export { Modal } from './modal.tsx';
export { Answer, EmptyState, Loading, Notice } from './notices.tsx';
export { goTo, matchPath, type Route, routeOf, setQuery, useRoute } from './route.ts';
export { useScrollFocus } from './scroll-focus.ts';
export { StackText } from './stack-text.tsx';
export { StateBadge, type Tone } from './state-badge.tsx';
export { Segmented, type Tab, Tabs } from './tabs.tsx';
export { type ChartSeries, TimeChart, type TimeChartProps } from './time-chart.tsx';
