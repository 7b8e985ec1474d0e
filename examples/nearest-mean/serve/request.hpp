// What is wrong with a request, in words.
#pragma once

#include "../common/csv.hpp"
#include "../common/model.hpp"

#include <stdexcept>
#include <string>

// Answered with 400 and the words.
struct BadRequest : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require_width(const Model &model, std::size_t width, std::size_t number)
{
    if (width == model.features.size())
        return;
    std::string names;
    for (const auto &feature : model.features)
        names += (names.empty() ? "" : ", ") + feature;
    throw BadRequest("row " + std::to_string(number) + " has " + std::to_string(width) +
                     " values, not " + std::to_string(model.features.size()) + " (" + names + ")");
}
