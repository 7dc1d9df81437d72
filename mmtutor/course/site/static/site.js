// What scrolls sideways can be reached and scrolled with the keyboard.
const wide = "article :is(pre, .output, .math, .math-wrapper, .table-wrapper)";
const reach = () => {
  for (const box of document.querySelectorAll(wide)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
};
reach();
addEventListener("resize", reach);
addEventListener("toggle", reach, true);
