/* Schedules side by side. */
export function mountSchedules(root, page) {}
