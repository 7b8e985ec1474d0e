// The rows of a channel: every CSV file in it, each with the same header.
#pragma once

#include "../common/csv.hpp"
#include "../common/model.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

struct Table {
    std::vector<std::string> features;
    std::vector<Row> rows;
    std::vector<std::string> labels; // of the rows
};

struct Header {
    std::vector<std::string> columns;
    std::size_t label; // index of the label's column
};

inline Header parse_header(std::string_view line, const std::string &label)
{
    constexpr std::string_view mark = "\xEF\xBB\xBF"; // which Excel writes before UTF-8
    if (line.starts_with(mark))
        line.remove_prefix(mark.size());
    Header header;
    for (const auto name : fields(line))
        header.columns.emplace_back(name);
    const auto found = std::find(header.columns.begin(), header.columns.end(), label);
    if (found == header.columns.end())
        throw std::invalid_argument("the header " + shown(line) + " has no column \"" + label +
                                    "\"; name the class's column in the hyperparameter label");
    if (header.columns.size() < 2)
        throw std::invalid_argument("the header has no column beside \"" + label + '"');
    header.label = static_cast<std::size_t>(found - header.columns.begin());
    return header;
}

inline void add_row(Table &table, const Header &header, std::string_view line)
{
    const auto values = fields(line);
    if (values.size() != header.columns.size())
        throw std::invalid_argument(std::to_string(values.size()) + " fields, but the header has " +
                                    std::to_string(header.columns.size()));
    if (values[header.label].empty())
        throw std::invalid_argument(header.columns[header.label] + " is empty");
    Row row;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i == header.label)
            continue;
        try {
            row.push_back(finite_number(values[i]));
        } catch (const std::invalid_argument &error) {
            throw std::invalid_argument(header.columns[i] + ": " + error.what());
        }
    }
    table.rows.push_back(std::move(row));
    table.labels.emplace_back(values[header.label]);
}

inline void read_file(Table &table, const std::string &path, const std::string &label,
                      const std::function<void()> &check_stop)
{
    std::ifstream file(path);
    std::string line;
    std::size_t number = 0;
    Header header;
    while (std::getline(file, line)) {
        check_stop();
        ++number;
        try {
            if (number == 1) {
                header = parse_header(line, label);
                auto features = header.columns;
                features.erase(features.begin() + static_cast<std::ptrdiff_t>(header.label));
                if (!table.features.empty() && table.features != features)
                    throw std::invalid_argument("its columns are not those of the files before");
                table.features = features;
            } else if (!trimmed(line).empty()) {
                add_row(table, header, line);
            }
        } catch (const std::invalid_argument &error) {
            throw std::runtime_error(path + ':' + std::to_string(number) + ": " + error.what());
        }
    }
    if (file.bad() || number == 0)
        throw std::runtime_error(path + (number == 0 ? " is empty" : " cannot be read to its end"));
}

// Throws std::runtime_error, which names file, line and column; ``check_stop`` may throw, too.
inline Table read_table(const std::string &folder, const std::string &label,
                        const std::function<void()> &check_stop)
{
    std::vector<std::string> paths;
    if (std::filesystem::is_directory(folder))
        for (const auto &entry : std::filesystem::recursive_directory_iterator(folder))
            if (entry.is_regular_file() && entry.path().extension() == ".csv")
                paths.push_back(entry.path());
    if (paths.empty())
        throw std::runtime_error("there is no .csv file in " + folder);
    std::sort(paths.begin(), paths.end());
    Table table;
    for (const auto &path : paths)
        read_file(table, path, label, check_stop);
    return table;
}
