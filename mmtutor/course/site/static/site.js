// What scrolls sideways can be reached and scrolled with the keyboard.
const wide = "article pre, article .output, article .math, article .table-wrapper";
const reach = () => {
  for (const box of document.querySelectorAll(wide)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
};
reach();
addEventListener("resize", reach);
addEventListener("toggle", reach, true);
