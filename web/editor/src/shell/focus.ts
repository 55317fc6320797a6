/** Where the focus was before what lies over the page took it. */
let last: HTMLElement | null = null;

const OVER_THE_PAGE = "[role=dialog], [role=alertdialog], [role=menu]";

/** Notice where the focus goes. What comes back ends it. */
export function startFocus(): () => void {
  const notice = ({ target }: FocusEvent) => {
    if (target instanceof HTMLElement && !target.closest(OVER_THE_PAGE)) last = target;
  };
  document.addEventListener("focusin", notice);
  return () => document.removeEventListener("focusin", notice);
}

/** For Radix's `onCloseAutoFocus`: back to where it was, unless something else has the focus by now. */
export function giveFocusBack(event: Event): void {
  event.preventDefault(); // Radix would look for a trigger: what is opened by keys or menus has none
  if (document.activeElement === document.body && last?.isConnected) last.focus();
}
