// low_priority: a thread that gives way to every other, at the processor and at the disk.
#pragma once

namespace koegura::tools {

// Of the calling thread, for good: nice 19, and the disk only when nobody else wants it (where its
// scheduler knows of that). Nothing fails for it.
void lower_own_priority();

}  // namespace koegura::tools
