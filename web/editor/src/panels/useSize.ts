import { useLayoutEffect, useState, type RefObject } from "react";

/** The inner width of an element in pixels, as it changes. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  return useSize(element).width;
}

/** The inner size of an element in pixels, as it changes. */
export function useSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const watched = element.current;
    if (!watched) return;
    const measure = () => setSize({ width: watched.clientWidth, height: watched.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(watched);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
