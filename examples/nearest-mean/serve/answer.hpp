// From a request's body to its answer; knows nothing of HTTP but content types and statuses.
#pragma once

#include "../common/csv.hpp"
#include "../common/model.hpp"
#include "instances.hpp"
#include "request.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <string_view>

struct Answer {
    int status;
    std::string content_type;
    std::string body;
};

// Rows of numbers without a header → one class a line.
inline std::string answer_csv(const Model &model, std::string_view body)
{
    std::string answered;
    Row row(model.features.size());
    std::size_t number = 0;
    for (std::size_t start = 0; start < body.size();) {
        const auto end = std::min(body.find('\n', start), body.size());
        const auto line = trimmed(body.substr(start, end - start));
        start = end + 1;
        if (line.empty())
            continue;
        ++number;
        const auto values = fields(line);
        require_width(model, values.size(), number);
        try {
            std::transform(values.begin(), values.end(), row.begin(), finite_number);
        } catch (const std::invalid_argument &error) {
            throw BadRequest("row " + std::to_string(number) + ": " + error.what());
        }
        answered += model.classify(row) + '\n';
    }
    if (number == 0)
        throw BadRequest("the body has no row; send one row of numbers a line");
    return answered;
}

// "Text/CSV; charset=utf-8" → "text/csv"
inline std::string media_type(std::string_view header)
{
    std::string type(trimmed(header.substr(0, header.find(';'))));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char letter) { return std::tolower(letter); });
    return type;
}

inline Answer answer(const Model &model, std::string_view content_type, std::string_view body)
{
    const auto type = media_type(content_type);
    try {
        if (type == "text/csv")
            return {200, type, answer_csv(model, body)};
        if (type == "application/json")
            return {200, type, answer_json(model, body)};
    } catch (const BadRequest &error) {
        return {400, "text/plain", error.what()};
    }
    return {415, "text/plain",
            "content type " + shown(type) + " is not understood; send text/csv or application/json"};
}
