// koegura: the program. Everything it can do is in commands.cc.
#include <langinfo.h>

#include <clocale>
#include <cstring>

#include "command_line.h"

int main(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  // Names are UTF-8 whatever the terminal claims; widths are counted in it.
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
  std::setlocale(LC_NUMERIC, "C");
  return koegura::tools::run_command_line(argc, argv);
}
