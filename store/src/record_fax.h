// The faxes of a call in its record.
#pragma once

#include "decode/fax.h"
#include "record.pb.h"

namespace koegura::store {

void fill_fax(FaxDocument& out, const decode::FaxDocument& document);

}  // namespace koegura::store
