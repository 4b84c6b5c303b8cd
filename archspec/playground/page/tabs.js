// Tabs, as the ARIA pattern has them: arrow keys move, and what is moved to is shown.

/** Makes the tabs of a page work; several may have one panel. `shown` is told the name of the tab that is chosen. */
export function tabs(shown) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const show = (chosen) => {
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panel(tab).hidden = panel(tab) !== panel(chosen);
    }
    panel(chosen).setAttribute("aria-labelledby", chosen.id);
    shown(chosen.id.replace("tab-", ""));
  };
  all.forEach((tab, index) => {
    tab.onclick = () => show(tab);
    tab.onkeydown = ({ key }) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[key];
      if (to === undefined) return;
      const next = all[(to + all.length) % all.length];
      show(next);
      next.focus();
    };
  });
}
